package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/florinpay/florin/test/process"
)

// TestDoctor: good data passes; what is wrong comes with its cure.
func TestDoctor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		s.caller().post(t, "/v1/payments", amount("100")).wants(t, 200)
		if said := at.florin(t, "doctor"); said.code != 0 || strings.Contains(said.out, "✗") {
			t.Errorf("beside a running server: exit %d\n%s\n%s", said.code, said.out, said.errs)
		}
		s.Stop(t)
		if said := at.florin(t, "doctor"); said.code != 0 || strings.Contains(said.out, "✗") {
			t.Errorf("on good data: exit %d\n%s\n%s", said.code, said.out, said.errs)
		}
		if err := os.Chmod(at.data, 0o755); err != nil {
			t.Fatal(err)
		}
		if said := at.florin(t, "doctor"); said.code != 1 || !strings.Contains(said.out, "chmod 700") {
			t.Errorf("on an open folder: exit %d\n%s\n%s", said.code, said.out, said.errs)
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		said := sqlitePlace(t).florin(t, "doctor")
		if said.code != 1 || !strings.Contains(said.out, "florin migrate") {
			t.Errorf("exit %d\n%s\n%s", said.code, said.out, said.errs)
		}
	})
}

// TestDoctorOnlyLooks: asked before the first server, it makes no vault, with the right key
// or a wrong one, and says so; the server's own key makes it afterwards.
func TestDoctorOnlyLooks(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		wrong, right := newKEK(t), newKEK(t)
		at.must(t, "migrate")
		if err := os.MkdirAll(at.data, 0o700); err != nil {
			t.Fatal(err)
		}
		if said := at.florin(t, "doctor", "--kek-file", wrong); said.code != 0 || !strings.Contains(said.out, "vault        is not made yet") {
			t.Errorf("before the first server: exit %d\n%s\n%s", said.code, said.out, said.errs)
		}
		serve(t, at, "--kek-file", right).Stop(t)
		if said := at.florin(t, "doctor", "--kek-file", right); said.code != 0 || !strings.Contains(said.out, "vault        opens with kek-") {
			t.Errorf("with the right key: exit %d\n%s\n%s", said.code, said.out, said.errs)
		}
		if said := at.florin(t, "doctor", "--kek-file", wrong); said.code != 1 || !strings.Contains(said.out, "✗ vault        cannot be opened") {
			t.Errorf("with a wrong key: exit %d\n%s\n%s", said.code, said.out, said.errs)
		}
	})
}

// newKEK makes a key-encryption key in a folder of its own.
func newKEK(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek.key")
	if said := florin(t, "key", "new-kek", path); said.code != 0 {
		t.Fatalf("key new-kek: %+v", said)
	}
	return path
}

// TestServeRefusesWeakSettings: production does not start on them, and says what to do.
func TestServeRefusesWeakSettings(t *testing.T) {
	t.Parallel()
	kek := newKEK(t)
	closed := func(t *testing.T) string {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for _, c := range []struct {
		name string
		cure string // in what it says
		args func(t *testing.T) []string
	}{
		{"no key-encryption key", "new-kek", func(t *testing.T) []string { return []string{"--data", closed(t)} }},
		{"a key that is not there", "new-kek", func(t *testing.T) []string {
			return []string{"--data", closed(t), "--kek-file", filepath.Join(t.TempDir(), "none.key")}
		}},
		{"the key beside the data", "elsewhere", func(t *testing.T) []string {
			dir := closed(t)
			inside := filepath.Join(dir, "kek.key")
			if said := florin(t, "key", "new-kek", inside); said.code != 0 {
				t.Fatal(said)
			}
			return []string{"--data", dir, "--kek-file", inside}
		}},
		{"the key linked from beside the data", "elsewhere", func(t *testing.T) []string {
			dir := closed(t)
			inside, link := filepath.Join(dir, "kek.key"), filepath.Join(t.TempDir(), "link.key")
			if said := florin(t, "key", "new-kek", inside); said.code != 0 {
				t.Fatal(said)
			}
			if err := os.Symlink(inside, link); err != nil {
				t.Fatal(err)
			}
			return []string{"--data", dir, "--kek-file", link}
		}},
		{"a key that others can read", "chmod 600", func(t *testing.T) []string {
			open := newKEK(t)
			if err := os.Chmod(open, 0o644); err != nil {
				t.Fatal(err)
			}
			return []string{"--data", closed(t), "--kek-file", open}
		}},
		{"the network without TLS", "--behind-proxy", func(t *testing.T) []string {
			return []string{"--data", closed(t), "--kek-file", kek, "--listen", "0.0.0.0:0"}
		}},
		{"every interface by an empty host", "--behind-proxy", func(t *testing.T) []string {
			return []string{"--data", closed(t), "--kek-file", kek, "--listen", ":0"}
		}},
		{"metrics on the network", "loopback", func(t *testing.T) []string {
			return []string{"--data", closed(t), "--kek-file", kek, "--listen", "127.0.0.1:0", "--ops", "0.0.0.0:0"}
		}},
		{"data that others can read", "chmod 700", func(t *testing.T) []string {
			dir := closed(t)
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			return []string{"--data", dir, "--kek-file", kek, "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := florin(t, append([]string{"serve"}, c.args(t)...)...)
			if said.code != 1 || !strings.Contains(said.errs, c.cure) {
				t.Errorf("exit %d, want 1 and the cure %q:\n%s\n%s", said.code, c.cure, said.out, said.errs)
			}
		})
	}
}

// TestServeRefusesWhatIsASandboxes: its key-encryption key and its data, by whatever path.
func TestServeRefusesWhatIsASandboxes(t *testing.T) {
	t.Parallel()
	box := dev(t, sqlitePlace(t))
	box.Stop(t)
	theirs, link, beside := filepath.Join(box.data, "sandbox-kek.key"), filepath.Join(t.TempDir(), "link.key"), filepath.Join(box.data, "other.key")
	if err := os.Symlink(theirs, link); err != nil {
		t.Fatal(err)
	}
	if said := florin(t, "key", "new-kek", beside); said.code != 0 {
		t.Fatal(said)
	}
	for name, args := range map[string][]string{
		"its key":                {"--data", sqlitePlace(t).data, "--kek-file", theirs},
		"a link to its key":      {"--data", sqlitePlace(t).data, "--kek-file", link},
		"a key beside its own":   {"--data", sqlitePlace(t).data, "--kek-file", beside},
		"its data":               {"--data", box.data, "--kek-file", newKEK(t)},
		"its data, its own key":  {"--data", box.data, "--kek-file", theirs},
		"a key to rotate to":     nil,
		"doctor may look at all": nil,
	} {
		t.Run(name, func(t *testing.T) {
			said := florin(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"}, args...)...)
			switch name {
			case "a key to rotate to":
				at := sqlitePlace(t)
				at.must(t, "migrate")
				said = at.florin(t, "key", "rotate-kek", "--kek-file", newKEK(t), "--new", theirs)
			case "doctor may look at all":
				if said = box.florin(t, "doctor"); said.code != 0 {
					t.Errorf("exit %d\n%s\n%s", said.code, said.out, said.errs)
				}
				return
			}
			if said.code != 1 || !strings.Contains(said.errs, "sandbox") {
				t.Errorf("exit %d, want 1 and the reason:\n%s\n%s", said.code, said.out, said.errs)
			}
		})
	}
}

// TestServe: production with good settings serves; live money wants an idempotency
// key and a connector, and there is none yet.
func TestServe(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		kek := newKEK(t)
		at.must(t, "migrate")
		merchant := at.must(t, "merchant", "create", "Live")
		live := at.must(t, "key", "create", merchant, "--live")
		tested := at.must(t, "key", "create", merchant)
		s := serve(t, at, "--kek-file", kek)
		c := s.caller().as(live)

		body := `{"amount":100,"currency":"USD","card_number":"4242424242424242","expiry_date":"12/99","cvv":"123"}`
		c.post(t, "/v1/payments", body).wants(t, 400, "code=idempotency_key_required")
		c.post(t, "/v1/payments", body, "Idempotency-Key", "live-1").wants(t, 503, "code=connector_missing")
		c.post(t, "/v1/payments", amount("100"), "Idempotency-Key", "live-2").wants(t, 400, "errors.0.pointer=/source")
		c.post(t, "/v1/refunds", `{"payment":"`+plausible+`"}`).wants(t, 400, "code=idempotency_key_required")
		c.post(t, "/v1/payers", `{"name":"Ada"}`).wants(t, 200, "livemode=true")
		c.get(t, "/v1/payments").wants(t, 200, "data.len=0")

		// A sandbox key of the same merchant pays at the sandbox's bank and sees its own only.
		c = c.as(tested)
		paid := c.post(t, "/v1/payments", body).wants(t, 200, "status=succeeded", "livemode=false")
		c.get(t, "/v1/payers").wants(t, 200, "data.len=0")
		c.as(live).get(t, "/v1/payments/"+paid.field("id")).wants(t, 404)

		limits, err := os.ReadFile("/proc/" + s.processID() + "/limits")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(limits)) {
			if strings.HasPrefix(line, "Max core file size") && !strings.HasPrefix(strings.Join(strings.Fields(line), " "), "Max core file size 0 0") {
				t.Errorf("a production server may dump core: %s", line)
			}
		}
		s.Stop(t)
		at.verified(t)
	})
}

// TestVaultKeysRotate: new data keys, then a new key-encryption key; an old token
// still pays, and the old key-encryption key opens nothing any more.
func TestVaultKeysRotate(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		kek, next := newKEK(t), newKEK(t)
		at.must(t, "migrate")
		merchant := at.must(t, "merchant", "create", "Keeper")
		key := at.must(t, "key", "create", merchant)
		s := serve(t, at, "--kek-file", kek)
		c := s.caller().as(key)
		token := c.post(t, "/v1/cards", `{"card_number":"4242424242424242","expiry_date":"12/99"}`).wants(t, 200).field("id")
		pay := `{"amount":100,"currency":"USD","source":"` + token + `"}`
		c.post(t, "/v1/payments", pay).wants(t, 200, "status=succeeded")
		s.Stop(t)

		at.must(t, "key", "rotate-data", "--kek-file", kek)
		s = serve(t, at, "--kek-file", kek)
		s.caller().as(key).post(t, "/v1/payments", pay).wants(t, 200, "status=succeeded", "card.last4=4242")
		s.Stop(t)

		at.must(t, "key", "rotate-kek", "--kek-file", kek, "--new", next)
		said := at.florin(t, "serve", "--kek-file", kek, "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0")
		if said.code != 1 {
			t.Errorf("the old key-encryption key still opens the vault: exit %d\n%s", said.code, said.errs)
		}
		s = serve(t, at, "--kek-file", next)
		s.caller().as(key).post(t, "/v1/payments", pay).wants(t, 200, "status=succeeded", "card.last4=4242")
		s.Stop(t)
		at.verified(t)
	})
}

// TestReadyTellsOfASealedVault: a server that cannot follow a rotation of another node's is
// taken out of service, and says why; one that still can do its work is not.
func TestReadyTellsOfASealedVault(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		kek, next := newKEK(t), newKEK(t)
		at.must(t, "migrate")
		merchant := at.must(t, "merchant", "create", "Keeper")
		key := at.must(t, "key", "create", merchant)
		s := serve(t, at, "--kek-file", kek)
		c := s.caller().as(key)
		card := func(number string) string { return `{"card_number":"` + number + `","expiry_date":"12/99"}` }
		c.post(t, "/v1/cards", card("4242424242424242")).wants(t, 200)
		c.get(t, "/readyz").wants(t, 200)

		at.must(t, "key", "rotate-data", "--kek-file", kek) // it follows that
		c.get(t, "/readyz").wants(t, 200)
		at.must(t, "key", "rotate-kek", "--kek-file", kek, "--new", next)
		c.post(t, "/v1/cards", card("5555555555554444")).wants(t, 200) // with the keys in its memory
		c.get(t, "/readyz").wants(t, 200)
		at.must(t, "key", "rotate-data", "--kek-file", next)
		c.get(t, "/readyz").wants(t, 503, "code=vault_sealed")
		c.get(t, "/healthz").wants(t, 200)
		c.post(t, "/v1/cards", card("4111111111111111")).wants(t, 503, "code=vault_sealed")
		s.Stop(t)

		s = serve(t, at, "--kek-file", next)
		s.caller().get(t, "/readyz").wants(t, 200)
		s.caller().as(key).post(t, "/v1/cards", card("4111111111111111")).wants(t, 200)
		s.Stop(t)
	})
}

// serve starts 'florin serve' and waits until it says where it is.
func serve(t *testing.T, at place, more ...string) *server {
	t.Helper()
	return &server{process.Serve(t, binary, nil, append(at.flags(), more...)...), at}
}

// TestBusyPort: a second server on the same port says what to do and exits.
func TestBusyPort(t *testing.T) {
	t.Parallel()
	s := dev(t, sqlitePlace(t))
	said := florin(t, "dev", "--data", sqlitePlace(t).data, "--listen", strings.TrimPrefix(s.URL, "http://"))
	if said.code != 1 || !strings.Contains(said.errs, "--listen") {
		t.Errorf("exit %d\n%s\n%s", said.code, said.out, said.errs)
	}
	s.Kill(syscall.SIGTERM)
}
