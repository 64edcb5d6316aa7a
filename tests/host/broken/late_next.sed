# The next urgent job is looked for in one that has ended: its owner may have given it again.
/^static void do_urgent/,/^}/{
/^        next = job->next;$/d
s/^        run_job(job);$/        run_job(job);\n        next = job->next;/
}
