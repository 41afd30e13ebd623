DROP TABLE model_providers, graph_versions, graphs, persona_versions, personas;
