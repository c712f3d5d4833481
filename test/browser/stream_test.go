package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// streams is what a page does that follows events: by a WebSocket, whose credential is a
// subprotocol, and by fetch. What came and how it ended is in the window's streams.
const streams = `(() => {
	const [server, key] = %s;
	const all = window.streams = {socket: [], socketSays: "", fetched: [], fetchSays: "", opened: 0};
	const socket = new WebSocket(server.replace("http", "ws") + "/v1/events/stream?after=0", ["florin.v1", "florin.bearer." + key]);
	socket.onopen = () => { all.opened++; all.socketSays = "open " + socket.protocol };
	socket.onmessage = ({data}) => all.socket.push(JSON.parse(data).sequence);
	socket.onclose = ({code}) => all.socketSays = "closed " + code;
	(async () => {
		const answer = await fetch(server + "/v1/events/stream?after=0", {headers: {Authorization: "Bearer " + key, Accept: "text/event-stream"}});
		all.opened++;
		all.fetchSays = answer.status + " " + answer.headers.get("Content-Type");
		let text = "";
		for (const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
			const {value, done} = await reader.read();
			if (done) break;
			const whole = (text + value).split("\n\n");
			text = whole.pop();
			for (const block of whole) {
				const line = block.split("\n").find(line => line.startsWith("data: "));
				if (line) all.fetched.push(JSON.parse(line.slice(6)).sequence);
			}
		}
		all.fetchSays = "ended";
	})().catch(error => all.fetchSays = "failed: " + error.name);
})()`

// streamed is the window's streams.
type streamed struct {
	Socket, Fetched       []int64
	SocketSays, FetchSays string
	Opened                int
}

// follow lets the page follow a server's events.
func (b *tab) follow(server, key string) {
	b.t.Helper()
	arguments, _ := json.Marshal([]string{server, key})
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(streams, arguments)))
}

// trustsAll lets the tab open pages whose certificate nobody vouches for.
func (b *tab) trustsAll() {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
		return chromedp.Void{}, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// awaitStreams waits until the page's streams are as they should be.
func (b *tab) awaitStreams(what string, right func(streamed) bool) (all streamed) {
	b.t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var err error
		if all, err = chromedp.Run(b.ctx, chromedp.Evaluate[streamed](`window.streams`)); err != nil {
			b.t.Fatal(err)
		}
		if right(all) {
			return all
		}
		if time.Since(began) > patience {
			b.t.Fatalf("%s: %+v", what, all)
		}
	}
}

// listed are the numbers of the server's events.
func (s *sandbox) listed() (numbers []int64) {
	s.t.Helper()
	status, out := call(s.t, "GET", s.URL+"/v1/events?limit=100", s.Key, nil)
	list, _ := out["data"].([]any)
	if status != 200 || out["has_more"] != false {
		s.t.Fatalf("%d %v", status, out)
	}
	for _, e := range list {
		n := e.(map[string]any)["sequence"].(float64)
		numbers = append([]int64{int64(n)}, numbers...)
	}
	return numbers
}

func (s *sandbox) pay(times int) {
	s.t.Helper()
	for range times {
		if status, p := call(s.t, "POST", s.URL+"/v1/payments", s.Key, map[string]any{"amount": 100, "currency": "USD", "source": s.Wallet}); status != 200 {
			s.t.Fatalf("%d %v", status, p)
		}
	}
}

// A page of the server's own origin, under its own policy, follows events as they happen.
func TestAPageOfItsOwnFollowsEvents(t *testing.T) {
	s := newSandbox(t)
	b := newTab(t, 1280, 900)
	for _, page := range []string{s.URL + "/docs/api", s.Issuer + "/sign-in"} {
		server, _, _ := strings.Cut(strings.TrimPrefix(page, "http://"), "/")
		b.open(page)
		b.follow("http://"+server, s.Key)
		before := fmt.Sprint(s.listed())
		b.awaitStreams("what was", func(all streamed) bool {
			return fmt.Sprint(all.Socket) == before && fmt.Sprint(all.Fetched) == before
		})
		s.pay(5)
		after := fmt.Sprint(s.listed())
		all := b.awaitStreams("what happens", func(all streamed) bool {
			return fmt.Sprint(all.Socket) == after && fmt.Sprint(all.Fetched) == after
		})
		if all.SocketSays != "open florin.v1" || !strings.HasPrefix(all.FetchSays, "200 text/event-stream") || after == before {
			t.Errorf("%s: %+v", page, all)
		}
		t.Logf("%s: %d events by each", page, len(all.Socket))
	}
}

// elsewhere is the origin of pages that are not the server's.
func elsewhere(t *testing.T, start func(http.Handler) *httptest.Server) (origin string) {
	t.Helper()
	other := start(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<h1>Elsewhere</h1>")
	}))
	t.Cleanup(other.Close)
	return other.URL
}

// A page of another origin gets nothing, though it has a key that opens.
func TestAPageOfAnotherOriginIsRefused(t *testing.T) {
	s := newSandbox(t)
	b := newTab(t, 1280, 900)
	other := elsewhere(t, httptest.NewServer)
	s.pay(1)
	for _, page := range []string{other, strings.Replace(other, "127.0.0.1", "localhost", 1)} {
		b.open(page)
		b.follow(s.URL, s.Key)
		all := b.awaitStreams("refused", func(all streamed) bool {
			return strings.HasPrefix(all.SocketSays, "closed") && strings.HasPrefix(all.FetchSays, "failed")
		})
		if all.SocketSays != "closed 1006" || all.FetchSays != "failed: TypeError" || all.Opened != 0 || len(all.Socket)+len(all.Fetched) > 0 {
			t.Errorf("%s: %+v", page, all)
		}
	}
	b.open(s.URL + "/docs/api") // the key does open
	b.follow(s.URL, s.Key)
	b.awaitStreams("from its own origin", func(all streamed) bool { return len(all.Socket) > 0 && len(all.Fetched) > 0 })
}

// A page of an origin that a client has registered opens a socket with the client's token,
// and with nothing else.
func TestAPageOfAClientsOriginFollowsEvents(t *testing.T) {
	s := newSandbox(t)
	b := newTab(t, 1280, 900)
	b.trustsAll()
	other := elsewhere(t, httptest.NewTLSServer) // a client's origin is https
	var client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	made := s.florin("client", "create", "--merchant", s.Merchant, "--name", "Counter", "--grant", "client_credentials", "--scope", "events:read", "--origin", other)
	if err := json.Unmarshal([]byte(made), &client); err != nil {
		t.Fatalf("%v: %s", err, made)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.Issuer+"/oauth/token", strings.NewReader("grant_type=client_credentials&scope=events:read"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client.ID, client.Secret)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(a.Body).Decode(&token); err != nil || token.Access == "" {
		t.Fatalf("no token: %d %v", a.StatusCode, err)
	}
	s.pay(1)
	b.open(other)
	b.follow(s.URL, token.Access)
	want := fmt.Sprint(s.listed())
	b.awaitStreams("with the token", func(all streamed) bool { return fmt.Sprint(all.Socket) == want })
	b.open(other)
	b.follow(s.URL, s.Key)
	b.awaitStreams("with a key", func(all streamed) bool { return all.SocketSays == "closed 1006" && all.Opened == 0 })
}
