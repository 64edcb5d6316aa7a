# apps/sqlite with a file of statements.
include apps/sqlite/app.mk
SOURCES := $(CURDIR)/apps/sqlite/system.c $(sqlite_sources)
DATA    := statements.sql
