// Reads what `helm template` prints and writes each object as a line of JSON with the template it comes from, read by
// the libraries that Helm and Kubernetes themselves use: a test must not read the expected result with its own reader.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

type line struct {
	Source string          `json:"source"`
	Object json.RawMessage `json:"object"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	documents := releaseutil.SplitManifests(string(input))
	var order []string
	for key := range documents {
		order = append(order, key)
	}
	sort.Sort(releaseutil.BySplitManifestsOrder(order))
	output := json.NewEncoder(os.Stdout)
	source := ""
	for _, key := range order {
		for _, text := range strings.Split(documents[key], "\n") {
			if name, found := strings.CutPrefix(text, "# Source: "); found {
				source = name
			}
			break
		}
		object, err := yaml.YAMLToJSON([]byte(documents[key]))
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		if string(object) == "null" {
			continue
		}
		if err := output.Encode(line{source, object}); err != nil {
			return err
		}
	}
	return nil
}
