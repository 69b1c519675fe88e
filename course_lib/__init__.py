"""The library of the course "From RNN to BERT": what every lesson imports, floor by floor.

From the ground up: device, data, text, models, metrics, decoding, training, plots, practice, explore.
Each floor imports only from the floors below it.
"""

__version__ = "0.1.0"
