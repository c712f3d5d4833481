package api

import (
	"net/http"
	"strings"
	"testing"
)

// What stands beside the contract has a request id, a line in the log and an answer after
// a crash; it takes no route of the contract's.
func TestWhatStandsBesideHasAPorch(t *testing.T) {
	h := newHouse(t)
	h.door.Beside("pages", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pages/crash":
			panic("broken")
		case "/pages/quiet":
		default:
			http.Error(w, "a page of its own", http.StatusTeapot)
		}
	}))
	h.door.Beside("v1", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for path, want := range map[string]int{"/pages": 418, "/pages/a/b": 418, "/pages/quiet": 200, "/pages/crash": 500, "/pagesx": 404, "/v1/payments": 401, "/v1/nothing": 418} {
		a, err := http.Get(h.url + path)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != want || a.Header.Get("Request-Id") == "" {
			t.Errorf("%s: %d, want %d, request %q", path, a.StatusCode, want, a.Header.Get("Request-Id"))
		}
	}
	log := h.log.String()
	for _, has := range []string{`"route":"/pages","status":418`, `"route":"/pages","status":200`, `"route":"/pages","status":500`} {
		if !strings.Contains(log, has) {
			t.Errorf("the log does not hold %s", has)
		}
	}
}
