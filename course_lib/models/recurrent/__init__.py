"""The recurrent networks: RNN (Elman 1990), LSTM (Hochreiter & Schmidhuber 1997), GRU (Cho et al. 2014).

A state dict of `torch.nn.RNN`, `LSTM` or `GRU` loads into its namesake here and back. Tensors are batch first.
"""

from course_lib.models.recurrent.base import RecurrentLayer
from course_lib.models.recurrent.gates import record_gates
from course_lib.models.recurrent.gru import GRU, GRUCell, GRUGates
from course_lib.models.recurrent.language_model import RecurrentLM
from course_lib.models.recurrent.lstm import LSTM, LSTMCell, LSTMGates
from course_lib.models.recurrent.rnn import RNN, RNNCell

__all__ = [
    "GRU",
    "GRUCell",
    "GRUGates",
    "LSTM",
    "LSTMCell",
    "LSTMGates",
    "RNN",
    "RNNCell",
    "RecurrentLM",
    "RecurrentLayer",
    "record_gates",
]
