// Package dbtest gives tests fresh, real databases: a SQLite file in the test's
// own folder, and a database on a PostgreSQL server that runs as long as the test
// process. It never fakes one, and it never skips.
package dbtest
