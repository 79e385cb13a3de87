"""The site for assistants: an endpoint of the Model Context Protocol (MCP) with four tools that only read."""
