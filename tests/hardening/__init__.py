"""What tries to break the site: limits, hostile requests, mutated sources."""
