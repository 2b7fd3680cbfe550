"""The perinatal information-sharing hub: who must know what, by when, and did they."""

__version__ = "0.1.0"
