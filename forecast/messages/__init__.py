"""Messages of errors in Chinese: the program says them in English, the terminal in the user's language."""

from forecast.messages.chinese import in_chinese

__all__ = ["in_chinese"]
