# efi/main.c: a refusal keeps the memory that it had taken.
/^    memory_give_all(&loader->memory);$/d
