"""Reads model headers on the Hugging Face hub. Only commands that name a remote file import this.

`Hub` speaks to the server, `listing` says what a repository holds, `models` reads it by headers.
"""
