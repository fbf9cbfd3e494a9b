"""What pages share: state, charts, components. The only package here that imports Streamlit."""
