# more is written than there is room for
s/memcpy(sink->to + sink->length, text, bytes < fits ? bytes : fits);/memcpy(sink->to + sink->length, text, bytes);/
