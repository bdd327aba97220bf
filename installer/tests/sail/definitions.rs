//! Definitions of the Sail operator's kinds, as small as they can be: the fields that matter here, in the shape of the real ones.

/// The versions of Istio that the stand-in knows.
const VERSIONS: &str = "[v1.31-latest, v1.31.0, v1.30.0]";

/// The values of a control plane; what is not here is dropped by the API server.
const VALUES: &str = "
                  global:
                    type: object
                    properties:
                      istioNamespace: {type: string}
                      meshID: {type: string}
                      hub: {type: string}
                      tag: {type: string}
                      imagePullPolicy: {type: string}
                      proxy: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  meshConfig: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  revision: {type: string}
                  pilot:
                    type: object
                    properties:
                      autoscaleEnabled: {type: boolean}
                      cni: {type: object, properties: {enabled: {type: boolean}}}
                      env: {type: object, additionalProperties: {type: string}}
                      resources: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  telemetry: {type: object, properties: {enabled: {type: boolean}}}
";

/// Of the node agent.
const CNI_VALUES: &str = "
                  cni: {type: object, properties: {excludeNamespaces: {type: array, items: {type: string}}}}
                  global: {type: object, properties: {imagePullPolicy: {type: string}}}
";

/// Of a kind whose spec has a version, a namespace and values.
const KIND: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.sailoperator.io}
spec:
  group: sailoperator.io
  scope: Cluster
  names: {kind: KIND, plural: PLURAL}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [version, namespace]
            properties:
              version: {type: string, enum: VERSIONS}
              namespace: {type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: Value is immutable}]}
              profile: {type: string}
              updateStrategy: {type: object, properties: {type: {type: string, enum: [InPlace, RevisionBased], default: InPlace}}}
              values:
                type: object
                properties:VALUES
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

/// Of a tag.
const TAG: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: istiorevisiontags.sailoperator.io}
spec:
  group: sailoperator.io
  scope: Cluster
  names: {kind: IstioRevisionTag, plural: istiorevisiontags}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              targetRef: {type: object, required: [kind, name], properties: {kind: {type: string}, name: {type: string}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

/// All of them.
pub(crate) fn all() -> String {
    let kind = |kind: &str, plural: &str, values: &str| {
        KIND.replace("KIND", kind)
            .replace("PLURAL", plural)
            .replace("VERSIONS", VERSIONS)
            .replace("VALUES", values.trim_end())
    };
    [
        kind("Istio", "istios", VALUES),
        kind("IstioRevision", "istiorevisions", VALUES),
        kind("IstioCNI", "istiocnis", CNI_VALUES),
        TAG.to_owned(),
    ]
    .join("---")
}
