"""Hugging Face's models compute some steps in single precision; here is what makes them do it in double."""

import torch


class InDouble:
    """`torch` as Hugging Face's code sees it, with double precision where it asks for single."""

    float = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)
