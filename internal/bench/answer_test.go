package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// odd is a server that frames its answers in every way that net/http can.
func odd() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/length", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "counted") })
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "Checked")
		fmt.Fprint(w, "in ")
		w.(http.Flusher).Flush()
		fmt.Fprint(w, strings.Repeat("pieces ", 4000))
		w.Header().Set("Checked", "yes")
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "after the hints")
	})
	mux.HandleFunc("/close", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "goodbye")
	})
	return mux
}

func TestAnswersOnOneConnection(t *testing.T) {
	server := httptest.NewServer(odd())
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	br := bufio.NewReader(conn)
	var a answer
	// In this order on one kept connection: what one answer leaves unread, the next would trip over.
	for _, want := range []struct {
		path, body string
		status     int
		closing    bool
	}{
		{"/length", "counted", 200, false},
		{"/chunks", "in " + strings.Repeat("pieces ", 4000), 200, false},
		{"/empty", "", 204, false},
		{"/hints", "after the hints", 200, false},
		{"/length", "counted", 200, false},
		{"/close", "goodbye", 418, true},
	} {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", want.path)
		if err := a.read(br); err != nil {
			t.Fatalf("%s: %v", want.path, err)
		}
		if a.status != want.status || string(a.body) != want.body || a.closing != want.closing {
			t.Errorf("%s: status %d, %d bytes of body, closing %v; want %d, %d, %v",
				want.path, a.status, len(a.body), a.closing, want.status, len(want.body), want.closing)
		}
	}
	if _, err := br.ReadByte(); err != io.EOF {
		t.Errorf("the server said it would close; then %v", err)
	}
}

func TestAnswersAsText(t *testing.T) {
	const broken = -1
	for name, c := range map[string]struct {
		text   string
		status int
		body   string
	}{
		"until the end":      {"HTTP/1.0 200 OK\r\n\r\nall of it", 200, "all of it"},
		"no reason":          {"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, "x"},
		"odd case":           {"HTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\n\r\nok!", 200, "ok"},
		"chunk extension":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n", 200, "ok"},
		"not HTTP":           {"SSH-2.0-OpenSSH\r\n", broken, ""},
		"no status":          {"HTTP/1.1 abc OK\r\n\r\n", broken, ""},
		"negative length":    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", broken, ""},
		"huge length":        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", broken, ""},
		"huge chunk":         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", broken, ""},
		"cut in the body":    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", broken, ""},
		"cut in the head":    {"HTTP/1.1 200 OK\r\nContent-Le", broken, ""},
		"cut in the trailer": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", broken, ""},
		"endless line":       {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", readBytes), broken, ""},
	} {
		var a answer
		err := a.read(bufio.NewReaderSize(strings.NewReader(c.text), readBytes))
		if (err != nil) != (c.status == broken) {
			t.Errorf("%s: error %v", name, err)
		}
		if err == nil && (a.status != c.status || string(a.body) != c.body) {
			t.Errorf("%s: %d %q", name, a.status, a.body)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	f.Add("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
	f.Add("HTTP/1.0 500 Oh\r\nConnection: close\r\n\r\nno")
	f.Fuzz(func(t *testing.T, text string) {
		var a answer
		if a.read(bufio.NewReader(strings.NewReader(text))) == nil && (a.status < 200 || len(a.body) > len(text)) {
			t.Errorf("%q was read as %d with %d bytes", text, a.status, len(a.body))
		}
	})
}
