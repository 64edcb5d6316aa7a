# more is written than there is room for
s/\*end = to + (bytes < fits ? bytes : fits);/*end = to + bytes;/
