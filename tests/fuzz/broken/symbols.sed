# a name may be as long as the bits say
s/walk->text_used >= SYMBOL_TEXT_BYTES || walk->text_used - start >= SYMBOL_NAME_BYTES/0/
