"""Demo data: the regions, one district lived in for three years, and accounts to look at it; or more, at size.

A bulk command: sets of rows, one audit record, and the same values for the same seed on the same day. Everybody and
everything in it is invented.
"""

from resolvers.commands.demo.load import DemoResult, seed_demo
from resolvers.commands.demo.scales import SCALES

__all__ = ["SCALES", "DemoResult", "seed_demo"]
