package db

import (
	"os"
	"sync"
)

// writeback is a handle on a SQLite file through which the kernel is asked to begin
// writing what checkpoints have put into it. Left alone, it writes all of it when the
// file is synced, and the log's own sync, which every payment waits for, waits behind
// a hundred megabytes.
//
// POSIX drops a process's locks on a file when any handle on it is closed, SQLite's
// too. So all engines of one file in this process share one handle, and it is closed
// only when none is left.
type writeback struct {
	path  string
	file  *os.File
	users int
}

var (
	writebacksMu sync.Mutex
	writebacks   = map[string]*writeback{}
)

func openWriteback(path string) (*writeback, error) {
	writebacksMu.Lock()
	defer writebacksMu.Unlock()
	w := writebacks[path]
	if w == nil {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		w = &writeback{path: path, file: file}
		writebacks[path] = w
	}
	w.users++
	return w, nil
}

// close is for an engine that has closed its connections.
func (w *writeback) close() error {
	writebacksMu.Lock()
	defer writebacksMu.Unlock()
	if w.users--; w.users > 0 {
		return nil
	}
	delete(writebacks, w.path)
	return w.file.Close()
}
