package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestSecretsAreNowhere makes, rotates and retries API keys, and searches everything that
// is left for their secrets, which only their holders may have: files with the log that
// goes with them, tables, what was printed.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at, "--log", "debug")
		c := s.caller()
		const wanted = `{"name":"Till","scopes":["payments:read","keys:write"]}`
		made := c.post(t, "/v1/api_keys", wanted, "Idempotency-Key", "made").wants(t, 200)
		drawn := c.post(t, "/v1/api_keys", wanted).wants(t, 200)
		c.post(t, "/v1/api_keys", wanted, "Idempotency-Key", "made").wants(t, 200, "secret="+made.field("secret"))
		own := c.as(made.field("secret")) // a key that is replaced by itself
		turn := func(c *caller, key answer) answer {
			path := "/v1/api_keys/" + key.field("id") + "/rotate"
			first := c.post(t, path, `{"overlap_seconds":600}`, "Idempotency-Key", "turned "+key.field("id")).wants(t, 200)
			return c.post(t, path, `{"overlap_seconds":600}`, "Idempotency-Key", "turned "+key.field("id")).wants(t, 200, "secret="+first.field("secret"))
		}
		secrets := []string{made.field("secret"), drawn.field("secret"), turn(own, made).field("secret"), turn(c, drawn).field("secret")}
		for i, secret := range secrets {
			c.as(secret).get(t, "/v1/payments").wants(t, 200)
			for _, other := range secrets[:i] {
				if other == secret {
					t.Fatal("two keys have one secret")
				}
			}
		}
		s.lacks(t, "while it runs", secrets)
		s.Stop(t)
		s.lacks(t, "after a stop", secrets)
	})
}

// lacks searches what a server has stored and printed for secrets: for the whole, and for
// the random part alone.
func (s *server) lacks(t *testing.T, when string, secrets []string) {
	t.Helper()
	found := 0
	look := func(where string, text []byte) {
		for _, secret := range secrets {
			if at := bytes.Index(text, []byte(secret[len("fl_sandbox_"):])); at >= 0 {
				t.Errorf("%s, %s holds a secret: …%q…", when, where, around(text, at))
			}
			if bytes.Contains(text, []byte(secret[:len("fl_sandbox_")+8])) { // what may be shown
				found++
			}
		}
	}
	for _, dir := range []string{s.data, s.Dir} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			look("the file "+filepath.Base(path), text)
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	if s.database != "" {
		eachValue(t, s.database, func(column string, value any) {
			if raw, isRaw := value.([]byte); isRaw {
				look("the column "+column, raw)
				return
			}
			look("the column "+column, fmt.Append(nil, value))
		})
	}
	if found < len(secrets) {
		t.Errorf("%s: the prefixes of %d keys were found %d times: the search proves little", when, len(secrets), found)
	}
}
