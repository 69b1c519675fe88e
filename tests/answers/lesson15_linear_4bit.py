"""Lesson 15, exercise 3: a 4-bit linear layer."""

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "15.linear_4bit"


@right(ID)
def divided_by_sixteen(x, packed, d, m):
    q = torch.cat([packed % 16, packed // 16], dim=2).float()
    return F.linear(x, (q * d.unsqueeze(2) + m.unsqueeze(2)).reshape(len(packed), -1))


@right(ID)
def filled_halves(x, packed, d, m):
    out, groups, _ = packed.shape
    weight = torch.empty(out, groups, 32)
    weight[..., :16] = packed & 0x0F
    weight[..., 16:] = packed >> 4
    return x @ (weight * d[:, :, None] + m[:, :, None]).view(out, -1).t()


@right(ID)
def with_einsum(x, packed, d, m):
    q = torch.cat([packed & 15, packed >> 4], dim=-1).float()
    groups = x.unflatten(1, (-1, 32))
    return torch.einsum("bgi,ogi,og->bo", groups, q, d) + torch.einsum("bgi,og->bo", groups, m)


@right(ID)
def group_by_group(x, packed, d, m):
    y = torch.zeros(len(x), len(packed))
    for g in range(packed.shape[1]):
        q = torch.cat([packed[:, g] & 15, packed[:, g] >> 4], dim=1).float()
        y += x[:, 32 * g : 32 * g + 32] @ (d[:, g : g + 1] * q + m[:, g : g + 1]).T
    return y


@right(ID)
def row_by_row(x, packed, d, m):
    rows = []
    for blocks, scales, minima in zip(packed, d, m, strict=True):
        q = torch.cat([blocks & 15, blocks >> 4], dim=1)
        rows.append((q * scales[:, None] + minima[:, None]).flatten())
    return x @ torch.stack(rows).T


@right(ID)
def byte_by_byte(x, packed, d, m):
    out, groups, _ = packed.shape
    weight = torch.zeros(out, 32 * groups)
    for o, blocks in enumerate(packed.tolist()):
        for g, block in enumerate(blocks):
            for i, byte in enumerate(block):
                weight[o, 32 * g + i] = d[o, g] * (byte & 15) + m[o, g]
                weight[o, 32 * g + 16 + i] = d[o, g] * (byte >> 4) + m[o, g]
    return F.linear(x, weight)


@right(ID)
def repeated_scales(x, packed, d, m):
    q = torch.cat((packed.bitwise_and(15), packed.bitwise_right_shift(4)), -1).flatten(1).to(x.dtype)
    return x @ (q * d.repeat_interleave(32, 1) + m.repeat_interleave(32, 1)).T


@right(ID)
def centred_by_eight(x, packed, d, m):
    q = torch.cat([packed & 15, packed >> 4], dim=-1).float() - 8
    return x @ (q * d[..., None] + (m + 8 * d)[..., None]).flatten(1).T


@right(ID)
def stacked_and_flattened(x, packed, d, m):
    q = torch.stack([packed & 15, packed >> 4], dim=2)  # (out, groups, 2, 16)
    weight = q * d[..., None, None] + m[..., None, None]
    return torch.matmul(x, weight.flatten(1).T)


@right(ID)
def minimum_by_sums(x, packed, d, m):
    groups = x.unflatten(1, (-1, 32))
    q = torch.cat([packed & 15, packed >> 4], dim=-1).float()
    return x @ (q * d[..., None]).flatten(1).T + groups.sum(2) @ m.T


@wrong(ID, named="neighbours in a byte")
def neighbours(x, packed, d, m):
    q = torch.stack([packed & 15, packed >> 4], dim=-1).flatten(2)
    return x @ (q * d[..., None] + m[..., None]).flatten(1).T


@wrong(ID, named="high bits first")
def exchanged_halves(x, packed, d, m):
    q = torch.cat([packed >> 4, packed & 15], dim=-1)
    return x @ (q * d[..., None] + m[..., None]).flatten(1).T


@wrong(ID, named="minimum forgotten")
def scale_alone(x, packed, d, m):
    q = torch.cat([packed & 15, packed >> 4], dim=-1)
    return x @ (q * d[..., None]).flatten(1).T


@wrong(ID, named="centred")
def minus_eight(x, packed, d, m):
    q = torch.cat([packed & 15, packed >> 4], dim=-1).float() - 8
    return x @ (q * d[..., None] + m[..., None]).flatten(1).T


@wrong(ID, named="low bits not masked")
def unmasked(x, packed, d, m):
    q = torch.cat([packed, packed >> 4], dim=-1)
    return x @ (q * d[..., None] + m[..., None]).flatten(1).T


@wrong(ID, named="minimum scaled")
def bracket_in_the_wrong_place(x, packed, d, m):
    q = torch.cat([packed & 15, packed >> 4], dim=-1)
    return x @ (d[..., None] * (q + m[..., None])).flatten(1).T
