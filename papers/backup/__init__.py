"""Backup and restore of what a site cannot make anew: its database and the key that signs its cookies.

A backup is a folder: `manifest.json`, the database's own kind of copy, and `secret-key` where the site keeps one in
DATA_DIR. The search index is not part of it: vectors and fits lie in the database, and the index is rebuilt from them.
"""
