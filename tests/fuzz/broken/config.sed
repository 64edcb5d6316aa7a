# one byte behind the end is looked at
s/while (at < bytes \&\& text\[at\] != wanted)/while (at <= bytes \&\& text[at] != wanted)/
