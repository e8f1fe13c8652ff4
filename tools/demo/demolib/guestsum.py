# SPDX-License-Identifier: MIT
"""The guest's checksum, computed a second time from nothing but its parameters (see guest/region.c)."""
MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15
WORDS = 512
BODY = range(2, WORDS)
BODY_STEPS = STEP * sum(BODY)


def mix(x):
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & MASK
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def page_sum(page, generation):
    """What the words of a page add up to: its number, its generation, and a body that rises by STEP."""
    base = mix(page << 32 ^ generation ^ STEP)
    return page + generation + len(BODY) * base + BODY_STEPS & MASK


class GuestSum:
    """Follows the known order of writes; at(writes) gives the checksum after so many of them."""

    def __init__(self, pages):
        self.generation = [0] * pages
        self.writes = self.sum = 0

    def at(self, writes):
        if writes < self.writes:
            raise ValueError("the number of writes went back")
        pages = len(self.generation)
        while self.writes < writes:
            self.writes += 1
            page = mix(self.writes) % pages
            self.sum = mix(self.sum * 3 + page_sum(page, self.generation[page]) + 1 & MASK)
            self.generation[page] += 1
        return self.sum
