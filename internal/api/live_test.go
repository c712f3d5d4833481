package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
)

// live opens a stream of events over REST.
func (h *house) live(query string, header ...string) (*bufio.Scanner, *http.Response) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", h.url+"/v1/events/stream"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.key)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { cancel(); _ = a.Body.Close() })
	return bufio.NewScanner(a.Body), a
}

// ids are the ids of the next n server-sent events.
func ids(t *testing.T, lines *bufio.Scanner, n int) string {
	t.Helper()
	var out []string
	id := ""
	for len(out) < n && lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "id: "); found {
			id = text
		}
		if text, found := strings.CutPrefix(lines.Text(), "data: "); found {
			var e struct{ Sequence json.Number }
			if json.Unmarshal([]byte(text), &e) != nil || string(e.Sequence) != id {
				t.Errorf("after id %s: %s", id, text)
			}
			out = append(out, id)
		}
	}
	return strings.Join(out, " ")
}

// TestServerSentEvents: what was, then what happens, from where the reader says, each once.
func TestServerSentEvents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouseOn(t, d)
		end, err := h.door.lastEvent(h)
		if err != nil {
			t.Fatal(err)
		}
		h.happen(3, 10)
		lines, a := h.live(fmt.Sprintf("?after=%d", end))
		if got := a.Header.Get("Content-Type"); a.StatusCode != 200 || !strings.HasPrefix(got, "text/event-stream") || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", a.StatusCode, got)
		}
		if got, want := ids(t, lines, 3), fmt.Sprint(end+1, end+2, end+3); got != want {
			t.Errorf("what was: %s, want %s", got, want)
		}
		h.happen(2, 10)
		if got, want := ids(t, lines, 2), fmt.Sprint(end+4, end+5); got != want {
			t.Errorf("what happens: %s, want %s", got, want)
		}
		// A browser connects again with the URL that it has, and says in a header where it was.
		lines, _ = h.live(fmt.Sprintf("?after=%d", end), fmt.Sprint("Last-Event-ID: ", end+4))
		if got, want := ids(t, lines, 1), fmt.Sprint(end+5); got != want {
			t.Errorf("resumed: %s, want %s", got, want)
		}
		lines, _ = h.live("?after=0&types=api_key.created")
		if got := ids(t, lines, 1); got == "" {
			t.Error("nothing of one type")
		}
		raw, a := h.live(fmt.Sprintf("?after=%d", end), "Accept: application/x-ndjson")
		if raw.Scan(); !strings.HasPrefix(raw.Text(), `{"id":"evt_`) || a.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("lines of JSON: %s", raw.Text())
		}
	})
}

// TestASilentStreamBeats, so that nobody between takes it for dead.
func TestASilentStreamBeats(t *testing.T) {
	h := newHouse(t)
	lines, _ := h.live("")
	if lines.Scan(); lines.Text() != "retry: 1000" {
		t.Errorf("it begins with %q", lines.Text())
	}
	lines.Scan()
	beat := make(chan string)
	go func() { lines.Scan(); beat <- lines.Text() }()
	for {
		select {
		case got := <-beat:
			if got != ":" {
				t.Errorf("the beat is %q", got)
			}
			return
		case <-time.After(10 * time.Millisecond):
			h.clock.move(beatEvery)
		}
	}
}

func TestHowAStreamIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		query, header string
		status        int
		code          string
	}{
		{"?after=-1", "", 400, "invalid_request ?after:too_small"},
		{"?after=x", "", 400, "invalid_request ?after:not_an_integer"},
		{"?from=1", "", 400, "invalid_request ?from:unknown_field"},
		{"?after=1&starting_after=evt_1", "", 400, "invalid_request ?starting_after:conflicting_fields"},
		{"?after=1&after_sequence=1", "", 400, "invalid_request ?after_sequence:conflicting_fields ?after:conflicting_fields"},
		{"?api_version=1999-01-01", "", 400, "invalid_request ?api_version:unknown_version"},
		{"", "Last-Event-ID: evt_1", 400, "invalid_request"},
		{"", "Accept: text/csv", 406, "not_acceptable"},
		{"", "Authorization: Bearer fl_test_no", 401, "credentials_invalid"},
	} {
		header := []string{}
		if c.header != "" {
			header = append(header, c.header)
		}
		a := h.ask("GET", "/v1/events/stream"+c.query, "", header...)
		if got := places(a.problem); a.StatusCode != c.status || got != c.code {
			t.Errorf("%s %s: %d %s, want %s", c.query, c.header, a.StatusCode, got, c.code)
		}
	}
}

// TestAStreamSaysWhyItEnds: in its own format, for who comes again to know what to do.
func TestAStreamSaysWhyItEnds(t *testing.T) {
	h := newHouse(t)
	made := h.ask("POST", "/v1/api_keys", `{"scopes":["events:read"]}`)
	key := "Authorization: Bearer " + made.field(t, "secret").(string)
	lines, _ := h.live("?after=0", key)
	ids(t, lines, 1)
	socket := h.socket("?after=0", key)
	h.ask("POST", "/v1/api_keys/"+made.field(t, "id").(string)+"/revoke", "").expect(t, 200, "")
	told := make(chan string, 1)
	go func() {
		var last string
		for lines.Scan() {
			if lines.Text() != "" {
				last = lines.Text()
			}
		}
		told <- last
	}()
	closed := make(chan error, 1)
	go func() {
		for {
			if _, _, err := socket.Read(context.Background()); err != nil {
				closed <- err
				return
			}
		}
	}()
	for range 2 {
		select {
		case last := <-told:
			if !strings.Contains(last, `"code":"credentials_invalid"`) {
				t.Errorf("the stream's last word: %s", last)
			}
		case err := <-closed:
			if c, ok := errors.AsType[websocket.CloseError](err); !ok || c.Code != 4401 || !strings.HasPrefix(c.Reason, "credentials_invalid: ") {
				t.Errorf("the socket's last word: %v", err)
			}
		case <-time.After(20 * time.Millisecond):
			h.clock.move(guardEvery)
			continue
		}
	}
}

// socket opens a stream in a WebSocket.
func (h *house) socket(query string, header ...string) *websocket.Conn {
	h.t.Helper()
	c, a, err := h.knock(query, header...)
	if err != nil {
		h.t.Fatalf("%v: %v", err, a)
	}
	h.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func (h *house) knock(query string, header ...string) (*websocket.Conn, *http.Response, error) {
	all := http.Header{}
	var protocols []string
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Sec-WebSocket-Protocol" {
			protocols = strings.Split(value, ", ")
			continue
		}
		all.Set(name, value)
	}
	c, a, err := websocket.Dial(h.t.Context(), "ws"+strings.TrimPrefix(h.url, "http")+"/v1/events/stream"+query, &websocket.DialOptions{
		HTTPHeader: all, Subprotocols: protocols, CompressionMode: websocket.CompressionNoContextTakeover,
	})
	if err == nil {
		c.SetReadLimit(1 << 20)
	}
	return c, a, err
}

func received(t *testing.T, c *websocket.Conn, n int) string {
	t.Helper()
	var out []string
	for range n {
		_, text, err := c.Read(t.Context())
		var e struct{ Sequence json.Number }
		if err != nil || json.Unmarshal(text, &e) != nil {
			t.Fatalf("after %v: %v %s", out, err, text)
		}
		out = append(out, string(e.Sequence))
	}
	return strings.Join(out, " ")
}

func TestEventsInAWebSocket(t *testing.T) {
	h := newHouse(t)
	end, err := h.door.lastEvent(h)
	if err != nil {
		t.Fatal(err)
	}
	h.happen(2, 2000)
	bearer := "Authorization: Bearer " + h.key
	c := h.socket(fmt.Sprintf("?after=%d", end), bearer)
	if got, want := received(t, c, 2), fmt.Sprint(end+1, end+2); got != want {
		t.Errorf("what was: %s, want %s", got, want)
	}
	h.happen(1, 10)
	if got, want := received(t, c, 1), fmt.Sprint(end+3); got != want {
		t.Errorf("what happens: %s, want %s", got, want)
	}
	browser := h.socket(fmt.Sprintf("?after=%d", end+2), "Sec-WebSocket-Protocol: florin.v1, florin.bearer."+h.key, "Origin: "+h.url)
	if got := received(t, browser, 1); got != fmt.Sprint(end+3) || browser.Subprotocol() != "florin.v1" {
		t.Errorf("with the credential among the subprotocols: %s, as %q", got, browser.Subprotocol())
	}
	// Who talks instead of listening has mistaken the door.
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("a client that talks: %v", err)
	}
	for name, c := range map[string]struct {
		query, header string
		status        int
		code          string
	}{
		"no credential":         {"", "X-Y: z", 401, "credentials_missing"},
		"a stranger's page":     {"", "Origin: https://evil.example\n" + bearer, 403, "origin_not_allowed"},
		"no such parameter":     {"?from=1", bearer, 400, "invalid_request"},
		"a credential in a URL": {"?access_token=" + h.key, "X-Y: z", 401, "credentials_missing"},
	} {
		_, a, err := h.knock(c.query, strings.Split(c.header, "\n")...)
		var p struct{ Code string }
		if err == nil || a == nil || a.StatusCode != c.status || json.NewDecoder(a.Body).Decode(&p) != nil || p.Code != c.code {
			t.Errorf("%s: %v %+v", name, err, p)
		}
	}
	if strings.Contains(h.log.String(), h.key) {
		t.Error("the log holds the key")
	}
}

// TestStoppingEndsSockets: the server waits for them, and they are told.
func TestStoppingEndsSockets(t *testing.T) {
	h := newHouse(t)
	c := h.socket("", "Authorization: Bearer "+h.newKey(apikey.Draft{Scopes: apikey.AllScopes()}))
	told := make(chan error, 1)
	go func() { _, _, err := c.Read(context.Background()); told <- err }()
	time.Sleep(10 * time.Millisecond)
	if err := h.http.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	h.door.Wait(t.Context())
	if err := <-told; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("it was told %v", err)
	}
}
