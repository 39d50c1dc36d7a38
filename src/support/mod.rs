//! What every floor uses: processes, files, Git.
