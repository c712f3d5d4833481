package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// caller calls the API as a merchant's program does.
type caller struct {
	url, key string
	http     *http.Client
}

func (s *server) caller() *caller { return &caller{s.URL, s.Key, &http.Client{Timeout: time.Minute}} }

// as is the same caller with another key.
func (c *caller) as(key string) *caller { return &caller{c.url, key, c.http} }

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends one request. Headers come in pairs; an Authorization among them, even an
// empty one, replaces the caller's own.
func (c *caller) do(method, path string, body []byte, headers ...string) (answer, error) {
	r, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	seen := map[string]bool{}
	for i := 0; i < len(headers); i += 2 {
		name := http.CanonicalHeaderKey(headers[i])
		if !seen[name] {
			r.Header.Del(name)
		}
		seen[name] = true
		if headers[i+1] != "" {
			r.Header.Add(name, headers[i+1])
		}
	}
	response, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	if strings.HasPrefix(path, "/v1/events/stream") && response.StatusCode == http.StatusOK { // it has no end
		time.AfterFunc(300*time.Millisecond, func() { _ = response.Body.Close() })
		text, _ := io.ReadAll(response.Body)
		return answer{status: response.StatusCode, header: response.Header, body: text}, nil
	}
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

// post sends JSON; the test fails if no answer comes.
func (c *caller) post(t *testing.T, path, body string, headers ...string) answer {
	t.Helper()
	return answered(t)(c.do(http.MethodPost, path, []byte(body), headers...))
}

func (c *caller) get(t *testing.T, path string) answer {
	t.Helper()
	return answered(t)(c.do(http.MethodGet, path, nil))
}

func answered(t *testing.T) func(answer, error) answer {
	t.Helper()
	return func(a answer, err error) answer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// wants fails the test unless the answer has the status and the fields, written as
// in the scripts: "status=succeeded".
func (a answer) wants(t *testing.T, status int, fields ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("HTTP %d, want %d: %s", a.status, status, a.body)
	}
	for _, field := range fields {
		name, want, _ := strings.Cut(field, "=")
		if got := a.field(name); got != want {
			t.Fatalf("%s is %q, want %q: %s", name, got, want, a.body)
		}
	}
	return a
}

// field is the text of a member of the JSON answer, such as "data.0.id"; "len" is
// the length of a list or object. What is not there is "(missing)", null is "null".
func (a answer) field(path string) string {
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return "(no JSON)"
	}
	for step := range strings.SplitSeq(path, ".") {
		var there bool
		if v, there = inside(v, step); !there {
			return "(missing)"
		}
	}
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case map[string]any, []any:
		text, _ := json.Marshal(v) // it was JSON a moment ago
		return string(text)
	default:
		return fmt.Sprint(v)
	}
}

func inside(v any, step string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		if next, there := v[step]; there || step != "len" {
			return next, there
		}
		return len(v), true
	case []any:
		if step == "len" {
			return len(v), true
		}
		if n, err := strconv.Atoi(step); err == nil && n >= 0 && n < len(v) {
			return v[n], true
		}
	}
	return nil, false
}
