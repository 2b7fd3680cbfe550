"""The whole core, hosted by us and by peers, on the same bytes and with the same decisions."""
