"""Numbers in groups of three, as Chinese journals print them; Django writes them without a gap."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
