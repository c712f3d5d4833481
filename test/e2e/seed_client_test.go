package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// pythonVariable names a Python that has the requests package; make test sets it.
const pythonVariable = "FLORIN_TEST_PYTHON"

var python = sync.OnceValues(func() (string, error) {
	if given := os.Getenv(pythonVariable); given != "" {
		return given, nil
	}
	if own, err := filepath.Abs("../../.venv/bin/python"); err == nil {
		if _, err := os.Stat(own); err == nil {
			return own, nil
		}
	}
	return newPython(filepath.Join(filepath.Dir(binary), "venv"))
})

// newPython makes a virtual environment with the packages that the project names.
func newPython(dir string) (string, error) {
	if err := exec.Command("python3", "-m", "venv", dir).Run(); err != nil {
		return "", err
	}
	own := filepath.Join(dir, "bin", "python")
	c := exec.Command(own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", "../../tools/requirements.txt")
	c.Stderr = os.Stderr
	return own, c.Run()
}

// TestSeedClient runs the client that the platform was first promised to, with the
// real requests package.
func TestSeedClient(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		said := s.seedClient(t, "12/99")
		_, shown, paid := strings.Cut(said, "支付成功： ")
		if !paid || !strings.Contains(shown, "'status': 'succeeded'") || !strings.Contains(shown, "'amount': 100") || !strings.Contains(shown, "'last4': '1111'") {
			t.Errorf("a valid card: %s", said)
		}
		if strings.Contains(said, "4111111111111111") {
			t.Errorf("the number comes back: %s", said)
		}
		said = s.seedClient(t, "12/25") // as published
		_, shown, refused := strings.Cut(said, "支付失败： ")
		var problem struct {
			Status      int
			Code        string
			DeclineCode string `json:"decline_code"`
			Advice      string
		}
		if err := json.Unmarshal([]byte(shown), &problem); err != nil || !refused {
			t.Fatalf("an expired card: %v: %s", err, said)
		}
		if problem.Status != 402 || problem.Code != "card_declined" || problem.DeclineCode != "expired_card" || problem.Advice == "" {
			t.Errorf("an expired card: %+v", problem)
		}
		s.caller().get(t, "/v1/payments").wants(t, 200, "data.len=2", "data.0.status=failed", "data.1.status=succeeded")
	})
}

func (s *server) seedClient(t *testing.T, expiry string) string {
	t.Helper()
	interpreter, err := python()
	if err != nil {
		t.Fatalf("make a Python with requests: %v", err)
	}
	c := exec.CommandContext(t.Context(), interpreter, "testdata/seed_client.py")
	c.Env = append(os.Environ(), "FLORIN_HOST="+s.URL, "FLORIN_TOKEN="+s.Key, "FLORIN_EXPIRY="+expiry, "PYTHONIOENCODING=utf-8", "NO_PROXY=127.0.0.1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("the seed's client: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
