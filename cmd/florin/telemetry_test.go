package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Spans reach the collector that the standard variables name, and carry ids only.
func TestTracesReachACollector(t *testing.T) {
	var mu sync.Mutex
	var got bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/v1/traces" {
			_, _ = io.Copy(&got, r.Body)
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	stop, err := startTracing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	door := trace(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Request-Id", "req_of_this_test") }))
	r := httptest.NewRequest(http.MethodPost, "/v1/payments?card_number=4242424242424242", nil)
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	door.ServeHTTP(httptest.NewRecorder(), r)
	if err := stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"HTTP POST", "req_of_this_test", "\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c"} {
		if !bytes.Contains(got.Bytes(), []byte(want)) {
			t.Errorf("the collector did not get %q", want)
		}
	}
	if bytes.Contains(got.Bytes(), []byte("4242")) {
		t.Error("a span carries the URL's query")
	}
}
