# the length of a line is believed
s/line->bytes > RECORDER_TEXT_BYTES || recorder_line_bytes(line->bytes) > from->bytes - at || //
