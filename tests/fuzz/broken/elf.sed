# only where a part begins is looked at
s/return offset <= file->count \&\& bytes <= file->count - offset;/return offset <= file->count + 0 * bytes;/
