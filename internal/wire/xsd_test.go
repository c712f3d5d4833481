package wire

import "testing"

func TestSchemaGolden(t *testing.T) {
	golden(t, "florin.v1.golden.xsd", contract.Schema())
	golden(t, "problem.golden.xsd", contract.ProblemSchema())
}
