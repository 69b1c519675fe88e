"""The recurrent networks of the course, to be imported from here; each has a file of its own.

RNN (Elman 1990) in `rnn.py`, LSTM (Hochreiter & Schmidhuber 1997) in `lstm.py`, GRU (Cho et al. 2014) in `gru.py`. A
state dict of `torch.nn.RNN`, `LSTM` or `GRU` loads into its namesake here and back. Tensors are batch first.
"""

from course_lib.models.gates import record_gates
from course_lib.models.gru import GRU, GRUCell, GRUGates
from course_lib.models.lstm import LSTM, LSTMCell, LSTMGates
from course_lib.models.recurrent_base import RecurrentLayer
from course_lib.models.rnn import RNN, RNNCell

__all__ = [
    "GRU",
    "GRUCell",
    "GRUGates",
    "LSTM",
    "LSTMCell",
    "LSTMGates",
    "RNN",
    "RNNCell",
    "RecurrentLayer",
    "record_gates",
]
