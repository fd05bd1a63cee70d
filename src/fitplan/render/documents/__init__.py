"""The JSON documents of all commands, as types: what renderers return and scripts can rely on.

One module per command. Keys are only ever added, every `_bytes` is an integer, and what isn't known
is null. The published schemas in docs/schemas are made from these types (`json_schema`).
"""
