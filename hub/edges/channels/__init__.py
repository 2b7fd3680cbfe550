"""The ways out: each channel carries a notice to one recipient and says how far it got."""
