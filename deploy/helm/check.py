"""What Helm makes of the chart, by Helm's own code, held against the schemas of Kubernetes.

Takes values as JSON; prints the manifests as a JSON list, or says what is wrong and exits with 1.
"""
import json
import pathlib
import sys

import helm_python as helm
import kubernetes_validate as kubernetes
import yaml

# The newest that the schemas know, and the oldest that the chart says it is for.
VERSIONS = ("1.37", "1.25")
# The Prometheus operator's, which Kubernetes knows nothing of.
ELSEWHERE = ("ServiceMonitor", "PrometheusRule")

chart = pathlib.Path(__file__).parent / "hongbao"
values = json.loads(sys.argv[1])
found = [said for said in helm.lint(str(chart))["messages"] if said["severity"] > 1]
if found:
    sys.exit(f"helm lint: {found}")
manifests = []
with helm.Chart.load(str(chart)) as loaded:
    loaded.validate_schema(values)
    for name, text in loaded.render(values, name="red", namespace="prod").items():
        if name.endswith(".yaml"):
            manifests += filter(None, yaml.safe_load_all(text))
for manifest in manifests:
    if manifest["kind"] not in ELSEWHERE:
        for version in VERSIONS:
            kubernetes.validate(manifest, version, strict=True)
print(json.dumps(manifests))
