"""Renderers: each turns one value into text, a document or a rich renderable; none prints."""
