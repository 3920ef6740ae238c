"""Chapters of the annual review, one module each: numbers in, ``document.Chapter`` out."""
