# A job has ended before it has run.
/^static void run_job/,/^}/{
/^    job->run(job->argument);$/d
s/^    atomic_store_explicit(&job->state.*$/&\n    job->run(job->argument);/
}
