"""The lessons of the course: the one list behind the map, the README and the tests."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """One lesson; `name` is its file's name without ending, minutes are reading and doing, seconds one CPU thread."""

    name: str
    title: str
    question: str
    able_to: str
    minutes: int
    seconds: int

    @property
    def number(self) -> str:
        return self.name[:2]


LESSONS = (
    Lesson(
        "00_start_here",
        "Start here",
        "Does everything run, and are you ready to start?",
        "check your machine, run a lesson, solve an exercise",
        20,
        10,
    ),
    Lesson(
        "01_rnn",
        "RNN",
        "How much of a text do you have to remember to predict its next character?",
        "score a language model, write and train an RNN, predict how fast its gradient vanishes",
        90,
        90,
    ),
    Lesson(
        "02_lstm_gru",
        "LSTM and GRU",
        "What does a network need in order to learn to remember?",
        "build LSTM layers and a GRU step, set a forget gate for the memory you need, see what a cell keeps",
        90,
        80,
    ),
    Lesson(
        "03_word_vectors",
        "Word vectors",
        "How can a machine find out that king is to queen as man is to woman, when nobody tells it?",
        "train skip-gram, say what its dot products mean, score analogies against a baseline, test for a social bias",
        90,
        30,
    ),
    Lesson(
        "04_seq2seq",
        "Sequence to sequence",
        "How can a network turn one sequence into another of a different length?",
        "train an encoder–decoder, build beam search, measure the bottleneck, score a translation",
        90,
        60,
    ),
    Lesson(
        "05_attention",
        "Attention",
        "Must everything that was read fit into one vector?",
        "write attention, build a decoder step with it, test a map against a known alignment, run a control",
        90,
        90,
    ),
    Lesson(
        "06_self_attention",
        "Self-attention",
        "If attention connects any two words directly, why read them one after the other at all?",
        "write scaled dot-product and multi-head attention, masks, test how many heads a task needs, encode positions",
        90,
        45,
    ),
    Lesson(
        "07_transformer",
        "The Transformer",
        "What keeps a deep stack of attention layers trainable?",
        "build a whole Transformer from your own parts, measure residuals, norms and warm-up, judge a translator",
        90,
        50,
    ),
    Lesson(
        "08_gpt",
        "GPT",
        "How much of a language can a model learn by predicting the next word?",
        "train a GPT, sample with temperature, top-k and top-p, build a key/value cache, test induction heads",
        90,
        60,
    ),
    Lesson(
        "09_subword_tokens",
        "Subword tokens",
        "How can a model read a word it has never seen?",
        "train byte-pair encoding, tokenize new words as GPT and BERT do, compare models whose tokens differ",
        85,
        30,
    ),
    Lesson(
        "10_bert",
        "BERT",
        "How can a model read in both directions without seeing the answer?",
        "corrupt tokens by 80/10/10, pre-train a BERT on both tasks, test it with minimal pairs and a control",
        90,
        65,
    ),
    Lesson(
        "11_fine_tuning",
        "Fine-tuning",
        "What is the use of a model that can only predict masked tokens?",
        "put a classifier on BERT, build a tagger and score its entities, compare it fairly with its rivals",
        90,
        60,
    ),
    Lesson(
        "12_inside_bert",
        "Inside BERT",
        "What does an attention head of a real BERT do, and does the model need it?",
        "load published weights, score, control and ablate attention heads, search by meaning, test a bias",
        90,
        40,
    ),
    Lesson(
        "13_chat_model",
        "A large language model",
        "What separates the GPT of lesson 08 from a model that answers questions?",
        "write RMSNorm and SwiGLU, run your grouped attention on published weights, format a chat, calibrate few-shot",
        90,
        90,
    ),
    Lesson(
        "14_text_to_text",
        "Text to text: T5",
        "Can one model with one loss do every task, if every task is written as text?",
        "build span corruption and the T5 loss, compute position buckets, count invalid answers, score summaries",
        90,
        75,
    ),
    Lesson(
        "15_smaller_and_faster",
        "Smaller and faster",
        "What does one answer cost, and what of it can be left out?",
        "estimate what a pass costs, quantise by hand, run your layer on a real 4-bit file, add and merge LoRA",
        75,
        70,
    ),
)

# What is planned: (number, title).
ROAD_AHEAD: tuple[tuple[str, str], ...] = ()
