"""Lesson 07: the known mistakes of the Transformer."""

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson07_transformer_versions import transformer

MISTAKES = [
    Mistake(
        "embeddings not scaled",
        transformer(scale="none"),
        "You did not multiply the embeddings by √d_model before adding the positions.",
    ),
    Mistake("no positions", transformer(positions="none"), "You did not add the positions."),
    Mistake(
        "no positions in the source",
        transformer(positions="target"),
        "You added positions to the target only. The source needs them as well.",
    ),
    Mistake(
        "no positions in the target",
        transformer(positions="source"),
        "You added positions to the source only. The target needs them as well.",
    ),
    Mistake(
        "no last norm in the decoder",
        transformer(last=("encoder",)),
        "You left out decoder_norm. A pre-norm stack needs a norm at its end.",
    ),
    Mistake(
        "no last norm in the encoder",
        transformer(last=("decoder",)),
        "You left out encoder_norm. A pre-norm stack needs a norm at its end, before the decoder reads it.",
    ),
    Mistake(
        "no last norms",
        transformer(last=()),
        "You left out encoder_norm and decoder_norm. A pre-norm stack needs a norm at its end.",
    ),
    Mistake(
        "no causal mask",
        transformer(causal="none"),
        "Your decoder's self-attention has no causal mask: in training it sees the symbols that it should predict, "
        "so the loss falls and the model learns to copy them.",
    ),
    Mistake(
        "causal mask inverted",
        transformer(causal="ahead"),
        "Your causal mask is upside down: each token attends to later ones. True = may attend, on and below the "
        "diagonal.",
    ),
    Mistake(
        "encoder with a causal mask",
        transformer(encoder_causal=True),
        "You gave the encoder a causal mask. The source is known as a whole, so nothing in it has to be hidden but "
        "padding.",
    ),
    Mistake(
        "padding not hidden",
        transformer(source_masks=()),
        "You never used source_mask. It hides padding in the encoder's attention and in cross-attention.",
    ),
    Mistake(
        "padding hidden in the encoder only",
        transformer(source_masks=("encoder",)),
        "Your cross-attention still attends to padding of the source: give it source_mask as well.",
    ),
    Mistake(
        "padding hidden in cross-attention only",
        transformer(source_masks=("cross",)),
        "Your encoder still attends to padding: give its attention source_mask as well.",
    ),
    Mistake(
        "memory from the embedding",
        transformer(memory_from="embedding"),
        "Your decoder attends to the embedded source. It should attend to the encoder's output, the memory.",
    ),
    Mistake(
        "cross-attention first",
        transformer(order="cross first"),
        "You put cross-attention before the decoder's self-attention. Self-attention comes first.",
    ),
    Mistake(
        "one norm twice",
        transformer(norms=("_1", "_2", "_2")),
        "Your decoder uses norm_2 twice. The feed-forward network reads through norm_3.",
    ),
    Mistake(
        "one norm for all",
        transformer(norms=("_1", "_1", "_1")),
        "Your decoder uses norm_1 for all three sublayers. Each sublayer has a norm of its own.",
    ),
    Mistake(
        "memory normalised again",
        transformer(norm_memory=True),
        "You passed the memory through decoder_norm_2. Only the queries need it; the memory has had its norm.",
    ),
    Mistake(
        "cross-attention without norm",
        transformer(not_normed=("decoder_norm_2",)),
        "Your cross-attention reads y without decoder_norm_2.",
    ),
    Mistake(
        "post-norm",
        transformer(block="post-norm"),
        "Your blocks are post-norm, norm(x + sublayer(x)). Here they are pre-norm: x + sublayer(norm(x)).",
    ),
    Mistake(
        "no residual around cross-attention",
        transformer(replaced=("cross",)),
        "What cross-attention returns replaces y in your decoder. Add it: y = y + …",
    ),
    Mistake(
        "no residual around the feed-forward network",
        transformer(replaced=("feed-forward",)),
        "What the feed-forward network returns replaces y in your decoder. Add it: y = y + …",
    ),
    Mistake(
        "source embedding for the target",
        transformer(target_table="source"),
        "You looked up target_in in the source's embedding. The two languages have a table each.",
    ),
    Mistake(
        "softmax at the end",
        transformer(out="probabilities"),
        "You return probabilities. Return the logits: the loss takes the softmax itself.",
    ),
    Mistake(
        "memory detached",
        transformer(cut="memory"),
        "You detached the memory. All numbers are right, but no gradient reaches the encoder, so it keeps random "
        "weights through any training.",
    ),
    Mistake(
        "scaled by d_model",
        transformer(scale="all"),
        "You multiplied the embeddings by d_model; the factor is its square root.",
    ),
    Mistake(
        "divided by √d_model",
        transformer(scale="below"),
        "You divided the embeddings by √d_model. Multiply: they are initialised much smaller than the positions.",
    ),
    Mistake(
        "positions scaled",
        transformer(positions="scaled"),
        "You multiplied the positions by √d_model as well. Scale the embeddings first, then add the positions.",
    ),
    Mistake(
        "positions from 1",
        transformer(positions="from 1"),
        "Your positions start at row 1 of the table. The first symbol has position 0.",
    ),
    Mistake(
        "one table for both languages",
        transformer(target_table="source", output_table="source"),
        "You used the source's embedding for the target too, at the input and at the output. Each language has "
        "its own table.",
    ),
    Mistake(
        "source embedding as the last projection",
        transformer(output_table="source"),
        "Your last projection is the source's embedding. You write target symbols, so it is the target's, "
        "transposed.",
    ),
    Mistake(
        "stream overwritten by its norm",
        transformer(block="overwritten"),
        "You overwrote x by norm(x) before adding, so the normalised x goes on. Normalise only what a sublayer "
        "reads.",
    ),
    Mistake(
        "encoder_norm first",
        transformer(last=("encoder first", "decoder")),
        "You applied encoder_norm to the embeddings. It comes last in the encoder, after both sublayers.",
    ),
    Mistake(
        "feed-forward network without norm",
        transformer(not_normed=("decoder_norm_3",)),
        "Your decoder's feed-forward network reads y without decoder_norm_3.",
    ),
    Mistake(
        "self-attention without norm",
        transformer(not_normed=("decoder_norm_1",)),
        "Your decoder's self-attention reads y without decoder_norm_1.",
    ),
    Mistake(
        "encoder's attention without norm",
        transformer(not_normed=("encoder_norm_1",)),
        "Your encoder's attention reads x without encoder_norm_1.",
    ),
    Mistake(
        "encoder's network without norm",
        transformer(not_normed=("encoder_norm_2",)),
        "Your encoder's feed-forward network reads x without encoder_norm_2.",
    ),
    Mistake(
        "only the queries normalised",
        transformer(keys_normed=False),
        "In your decoder's self-attention only the queries read through decoder_norm_1. Keys and values come from "
        "the same normalised y.",
    ),
    Mistake(
        "norms 2 and 3 exchanged",
        transformer(norms=("_1", "_3", "_2")),
        "You exchanged decoder_norm_2 and decoder_norm_3. Cross-attention reads through norm_2, the feed-forward "
        "network through norm_3.",
    ),
    Mistake(
        "no residual around self-attention",
        transformer(replaced=("self",)),
        "What self-attention returns replaces y in your decoder. Add it: y = y + …",
    ),
    Mistake(
        "no cross-attention",
        transformer(crossing="nothing"),
        "Your decoder has no cross-attention, so it never sees the source.",
    ),
    Mistake(
        "cross-attention to the target",
        transformer(crossing="itself"),
        "Your cross-attention takes keys and values from the decoder's own y. They come from the memory.",
    ),
    Mistake(
        "encoder's attention weights in the decoder",
        transformer(own_weights="encoder"),
        'Your decoder\'s self-attention uses p["encoder_attention"]. Its weights are p["decoder_self_attention"].',
    ),
    Mistake(
        "self-attention's weights in cross-attention",
        transformer(cross_weights="decoder_self"),
        'Your cross-attention uses p["decoder_self_attention"]. Its weights are p["decoder_cross_attention"].',
    ),
    Mistake(
        "encoder's network in the decoder",
        transformer(network="encoder"),
        'Your decoder uses p["encoder_feed_forward"]. Its weights are p["decoder_feed_forward"].',
    ),
    Mistake(
        "logarithms of probabilities",
        transformer(out="log-probabilities"),
        "You return logarithms of probabilities. Return the logits themselves, y times the target embedding, "
        "transposed.",
    ),
    Mistake(
        "logits scaled",
        transformer(out="scaled"),
        "You multiplied the logits by √d_model. Only the embeddings at the input are scaled; the last projection "
        "is the table as it is.",
    ),
    Mistake(
        "last step only",
        transformer(out="last step"),
        "You return the last step's logits only. In training every step predicts a symbol: return all of them.",
    ),
    Mistake(
        "no last projection",
        transformer(out="features"),
        "You return the decoder's vectors. Multiply them by the target embedding, transposed, to get logits.",
    ),
    Mistake(
        "logits detached",
        transformer(cut="everything"),
        "You detached the logits. All numbers are right, and nothing can be trained.",
    ),
    Mistake(
        "strictly causal",
        transformer(causal="strict"),
        "Your causal mask hides each token from itself. A token attends to itself and to earlier ones: the diagonal "
        "is True.",
    ),
    Mistake(
        "feed-forward network before cross-attention",
        transformer(order="network second"),
        "Your decoder's feed-forward network comes before cross-attention. The order is self-attention, "
        "cross-attention, feed-forward network.",
    ),
    Mistake(
        "encoder_norm for both",
        transformer(last_norm="encoder_norm"),
        "Your decoder ends with encoder_norm. Its own last norm is decoder_norm.",
    ),
    Mistake(
        "positions backwards",
        transformer(positions="backwards"),
        "Your positions count backwards from the end. The first symbol has position 0.",
    ),
    Mistake(
        "logits divided",
        transformer(out="divided"),
        "You divided the logits by √d_model. The last projection is the table as it is.",
    ),
]
