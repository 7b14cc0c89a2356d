-- The next due job of each installation, and the age of decision records.
CREATE INDEX jobs_due_of_installation ON jobs (installation, run_at, id) WHERE state = 'queued';
CREATE INDEX reports_recorded_at ON reports (recorded_at);
