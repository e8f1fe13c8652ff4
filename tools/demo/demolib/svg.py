# SPDX-License-Identifier: MIT
"""Pictures as inline SVG; colours come from classes that the page's style sheet defines."""
from html import escape

WIDTH = 920


def number(x):
    return f"{x:.1f}".rstrip("0").rstrip(".")


def si(value):
    """1234567 as 1.2M."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def milliseconds(ms):
    if ms >= 10000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.2g} ms" if ms >= 1 else f"{ms * 1000:.0f} µs"


def text(x, y, s, css="", anchor="start"):
    return f'<text x="{number(x)}" y="{number(y)}" class="{css}" text-anchor="{anchor}">{escape(str(s))}</text>'


def rect(x, y, w, h, css, title=""):
    tip = f"<title>{escape(title)}</title>" if title else ""
    return (f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(w, 0))}" height="{number(max(h, 0))}" '
            f'class="{css}">{tip}</rect>')


def line(x1, y1, x2, y2, css):
    return f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" class="{css}"/>'


def path(points, css, close=False):
    d = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + ("Z" if close else "")
    return f'<path d="{d}" class="{css}"/>'


def circle(x, y, r, css, title=""):
    tip = f"<title>{escape(title)}</title>" if title else ""
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{r}" class="{css}">{tip}</circle>'


def steps(top, count=5):
    """Round values from 0 to at least @top."""
    if top <= 0:
        return [0, 1]
    raw = top / count
    unit = 10 ** len(str(int(raw))) / 10 if raw >= 1 else 1
    while unit > raw:
        unit /= 10
    step = next(unit * k for k in (1, 2, 2.5, 5, 10) if unit * k >= raw)
    out = [0.0]
    while out[-1] < top - step * 1e-9:
        out.append(out[-1] + step)
    return out


class Axes:
    """A plotting area with a linear x and y; the y axis starts at 0."""

    def __init__(self, x, y, width, height, x_range, y_top):
        self.x, self.y, self.width, self.height = x, y, width, height
        self.x0, self.x1 = x_range
        self.ticks = steps(y_top)
        self.y_top = self.ticks[-1]

    def at_x(self, value):
        return self.x + (value - self.x0) / ((self.x1 - self.x0) or 1) * self.width

    def at_y(self, value):
        return self.y + self.height - value / self.y_top * self.height

    def frame(self, y_label, form=si):
        out = [text(self.x - 8, self.y - 10, y_label, "axis-name", "start")]
        for t in self.ticks:
            out.append(line(self.x, self.at_y(t), self.x + self.width, self.at_y(t), "grid"))
            out.append(text(self.x - 8, self.at_y(t) + 4, form(t), "tick", "end"))
        return out

    def x_axis(self, label, form=lambda v: f"{v:g}"):
        out, base = [], self.y + self.height
        step = steps(self.x1 - self.x0, 8)[1]
        for t in (step * k for k in range(int(self.x0 / step), int(self.x1 / step) + 2)):
            if self.x0 <= t <= self.x1:
                out.append(line(self.at_x(t), base, self.at_x(t), base + 4, "axis"))
                out.append(text(self.at_x(t), base + 18, form(t), "tick", "middle"))
        out.append(line(self.x, base, self.x + self.width, base, "axis"))
        out.append(text(self.x + self.width, base + 34, label, "axis-name", "end"))
        return out


def legend(x, y, entries):
    out = []
    for css, label in entries:
        out.append(rect(x, y - 9, 12, 10, css))
        out.append(text(x + 17, y, label, "tick"))
        x += 34 + 6.4 * len(label)
    return out


def document(height, parts, label):
    return (f'<svg viewBox="0 0 {WIDTH} {number(height)}" role="img" aria-label="{escape(label)}">' + "".join(parts)
            + "</svg>")
