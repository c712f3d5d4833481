package vault

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyFileIsMadeOnceAndClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kek")
	if err := NewKEKFile(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	before, _ := os.ReadFile(path)
	if err := NewKEKFile(path); err == nil {
		t.Error("a key file was overwritten")
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the key changed")
	}
	w, err := FileKEK(path, "")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := w.Wrap(ctx, []byte("keyset"), []byte("live"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := FileKEK(path, filepath.Join(t.TempDir(), "not", "there", "yet"))
	if err != nil || again.Name() != w.Name() {
		t.Fatalf("read again: %v", err)
	}
	if opened, err := again.Unwrap(ctx, sealed, []byte("live")); err != nil || string(opened) != "keyset" {
		t.Errorf("Unwrap = %q, %v", opened, err)
	}
	if _, err := again.Unwrap(ctx, sealed, []byte("sandbox")); err == nil {
		t.Error("unwrapped for another place")
	}
}

func TestUnsafeKeyFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(filepath.Join(data, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string, mode os.FileMode) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	inside := write(filepath.Join(data, "deep", "kek"), newKEKText(), 0o600)
	if err := os.Symlink(inside, link); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"read by the group":   write(filepath.Join(dir, "group"), newKEKText(), 0o640),
		"read by all":         write(filepath.Join(dir, "all"), newKEKText(), 0o604),
		"in the data folder":  inside,
		"linked from outside": link,
		"missing":             filepath.Join(dir, "none"),
		"a folder":            data,
		"empty":               write(filepath.Join(dir, "empty"), "", 0o600),
		"short":               write(filepath.Join(dir, "short"), base64.StdEncoding.EncodeToString([]byte("sixteen bytes...")), 0o600),
		"no base64":           write(filepath.Join(dir, "words"), strings.Repeat("not a key ", 5), 0o600),
		"zeros":               write(filepath.Join(dir, "zeros"), base64.StdEncoding.EncodeToString(make([]byte, 32)), 0o600),
	} {
		if _, err := FileKEK(path, data); err == nil {
			t.Errorf("a key file %s was accepted", name)
		} else if text, _ := os.ReadFile(path); len(text) > 0 && strings.Contains(err.Error(), strings.TrimSpace(string(text))) {
			t.Errorf("%s: the error quotes the key", name)
		}
	}
	if _, err := FileKEK(inside, ""); err != nil {
		t.Errorf("for development any place will do: %v", err)
	}
	beside := write(filepath.Join(dir, "data-kek"), newKEKText(), 0o600)
	if _, err := FileKEK(beside, data); err != nil {
		t.Errorf("a file beside the data folder: %v", err)
	}
}

func TestTheEnvironmentKeyIsTakenOnce(t *testing.T) {
	t.Setenv("FLORIN_TEST_KEK", strings.TrimSpace(newKEKText()))
	if _, err := EnvKEK("FLORIN_TEST_KEK"); err != nil {
		t.Fatal(err)
	}
	if _, set := os.LookupEnv("FLORIN_TEST_KEK"); set {
		t.Error("the key stays in the environment")
	}
	if _, err := EnvKEK("FLORIN_TEST_KEK"); err == nil {
		t.Error("no key was accepted")
	}
}
