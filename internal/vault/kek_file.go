package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// kekFileMax is more than any key file holds, in bytes.
const kekFileMax = 1024

// NewKEKFile draws a key-encryption key and writes it to a new file that only
// its owner can read. It never overwrites: the cards under the old key would be
// lost.
func NewKEKFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, newKEKText())
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// FileKEK reads a key-encryption key, 32 bytes in base64, from a file. The file
// must belong to this process's user or root and be closed to all others, and
// must not lie under apart, the folder of the data that it protects: whoever
// takes a copy of one must not get the other. An empty apart allows any place,
// for development.
func FileKEK(path, apart string) (Wrapper, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := closedToOthers(f); err != nil {
		return nil, err
	}
	if apart != "" {
		if err := outside(path, apart); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, kekFileMax))
	if err != nil {
		return nil, err
	}
	defer clear(text)
	k, err := parseKEK(string(text))
	if err != nil {
		return nil, fmt.Errorf("key-encryption key in %s: %w", path, err)
	}
	return k, nil
}

func closedToOthers(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("the key file %s is not a regular file", f.Name())
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("the key file %s is open to other users (mode %04o): run chmod 600 on it", f.Name(), info.Mode().Perm())
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("the key file %s belongs to another user (%d): run chown on it", f.Name(), s.Uid)
	}
	return nil
}

// outside checks that the file at path is not in folder or below it, wherever
// symbolic links lead. A folder that does not exist yet holds nothing.
func outside(path, folder string) error {
	file, err := resolved(path)
	if err != nil {
		return err
	}
	folder, err = resolved(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(folder, file)
	if err != nil {
		return err
	}
	if rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return fmt.Errorf("the key file %s lies in the data folder %s: keep it elsewhere, so that one copy does not hold both", path, folder)
	}
	return nil
}

// resolved is path as an absolute path without symbolic links.
func resolved(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
